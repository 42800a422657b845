/**
 * Settings in the console: of a service that was started by hand, with its own.
 */
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { startProcess } from '../support/app.ts'
import { inBrowser } from './browser-test.ts'

const adminKey = 'the-admin-key-of-the-settings-screen-01'

describe('the settings', () => {
  const test = inBrowser(async () => {
    const args = ['--memory', '--port', '0', '--bot', 'http://127.0.0.1:9/api/messages']
    return Object.assign(await startProcess({ args, env: { LANDLINE_ADMIN_KEY: adminKey } }), { adminKey })
  })

  test('are shown with where each comes from, and without secrets', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name.replace('.', '\\.')} `) })
    await row('listen.port').getByText('--port').waitFor()
    await row('admin.key').getByText('LANDLINE_ADMIN_KEY').waitFor()
    await row('admin.key').getByText('•••').waitFor()
    await row('inspect.turns').getByText('default').waitFor()
    assert.ok(!(await page.content()).includes(adminKey))
    assert.deepEqual(window.complaints, [])
  })

  test('say what the service is, and name what it is made of with its licences', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const about = window.page.getByRole('region', { name: 'About' })
    await about.getByText(`${service.origin}/v3/directline`).waitFor()
    await about.getByText('memory', { exact: true }).waitFor()
    const licences = window.page.getByRole('region', { name: 'Licences' })
    for (const name of ['preact', 'fastify', 'ws'])
      await licences.getByRole('listitem').filter({ hasText: name }).getByText('MIT').first().waitFor()
  })

  test('of this browser are kept in this browser', async ({ browser, service }) => {
    await using window = await browser.enter(service, '/console/settings')
    const { page } = window
    await page.getByLabel('Theme', { exact: true }).selectOption('dark')
    await page.getByLabel('Keys').uncheck()
    await page.reload()
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor()
    assert.equal(await page.getByLabel('Keys').isChecked(), false)
  })
})
