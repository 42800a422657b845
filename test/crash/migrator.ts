/**
 * A process that brings a database to the schema of today and is killed after so many statements. Called with the
 * file and that number.
 */
import { openConnection } from '../../src/adapters/sqlite/connection.ts'
import { migrate } from '../../src/adapters/sqlite/migrations.ts'

const [file = '', statements = ''] = process.argv.slice(2)
let ran = 0
migrate(openConnection(file), () => {
  ran += 1
  if (ran === Number(statements)) process.kill(process.pid, 'SIGKILL')
})
