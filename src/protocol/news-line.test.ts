/**
 * News as a line comes back as it was written, and everything else is passed over.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newConversationId, userId } from './ids.ts'
import { type NewsLine, readNewsLine, writeNewsLine } from './news-line.ts'
import { beginning, position } from './watermark.ts'

const conversation = newConversationId('news000000000000000001')
const bare: NewsLine = { conversation, position: position(12) }

test('what was written is read, whatever people wrote, and stands in one line', () => {
  const odd = '{"text":"a\u2028b\\n\\u0000\\ud800 ü𝄞 \\"]["}'
  const pieces: readonly NewsLine[] = [
    bare,
    { ...bare, position: beginning },
    { ...bare, shown: { text: odd, audience: undefined } },
    { ...bare, shown: { text: odd, audience: userId('a b\n"c"') } },
  ]
  for (const piece of pieces) {
    const line = writeNewsLine(piece)
    assert.ok(!line.includes('\n'))
    assert.deepEqual(readNewsLine(line), piece)
  }
})

test('what is not news, or is news of a later release, is nothing', () => {
  const line = writeNewsLine(bare)
  const others = [
    ...['', ' ', 'hello', conversation, `${conversation} `, `${line}\n`, ` ${line}`, `${line} more`, `../x 1`],
    ...[`${conversation} -1`, `${conversation} 1.5`, `${conversation} 1e3`, `${conversation} ${'9'.repeat(16)}`],
    ...['[]', '[1,null]', '["{}"]', '["{}",7]', '["not JSON",null]', '["[]",null]', '["null",null]', '[', '{}'].map(
      rest => `${line} ${rest}`,
    ),
  ]
  for (const other of others) assert.equal(readNewsLine(other), undefined, JSON.stringify(other))
})
