/**
 * Programs that connect, ready to be run: with the real address in them, and never a secret where a browser sees it.
 */

/** What a program connects to. */
export type Target = {
  /** The service's own address, and that of Direct Line. */
  readonly origin: string
  readonly domain: string
  /** Whether `/dev/token` gives tokens for this site: in development, for the first site. */
  readonly hasDevToken: boolean
  /** The site, as people call it. */
  readonly site: string
  /** The release of Web Chat that is served here, if it is served for people's own pages. */
  readonly webChat: string | undefined
}

/** The programs, by what is chosen. */
export type Client = 'page' | 'react' | 'directlinejs' | 'curl' | 'python' | 'dotnet'

/** A program: what it is called, what it needs first, and its text. */
export type Snippet = {
  readonly title: string
  /** A command to run before. */
  readonly install?: string
  readonly note: string
  text(target: Target): string
}

/** The comment that stands in a page where there is no `/dev/token`. */
const endpoint = ({ domain, site }: Target, indent: string): string =>
  [
    '// Write this endpoint on your own server: it asks for a token with the secret of the site',
    `// "${site}" (POST ${domain}/tokens/generate,`,
    '// Authorization: Bearer SECRET) and hands on the answer. The secret stays on the server.',
  ].join(`\n${indent}`)

const webChatScript = ({ origin, webChat }: Target): string =>
  webChat === undefined
    ? `<!-- webchat.public is off: put webchat.js on your own server. -->
    <script src="webchat.js"></script>`
    : `<script src="${origin}/webchat/${webChat}/webchat.js"></script>`

/** Lines of a page's script that leave `token` and `domain` behind. */
const fetchToken = (target: Target, indent = ''): string =>
  target.hasDevToken
    ? `const response = await fetch('${target.origin}/dev/token', { method: 'POST' })
${indent}const { token, domain } = await response.json()`
    : `${endpoint(target, indent)}
${indent}const response = await fetch('/api/chat-token', { method: 'POST' })
${indent}const { token } = await response.json()
${indent}const domain = '${target.domain}'`

/** Says where a page may be opened from, while it takes its token from `/dev/token`. */
const fromHere =
  'Serve the page from this machine, by http://localhost: tokens for the asking are given to nobody else.'

/** Every program, in the order of the tabs. */
export const snippets: Readonly<Record<Client, Snippet>> = {
  page: {
    title: 'Web Chat (page)',
    note: fromHere,
    text: target => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Chat</title>
    ${webChatScript(target)}
  </head>
  <body>
    <div id="chat" style="height: 95vh"></div>
    <script type="module">
      ${fetchToken(target, '      ')}
      const directLine = WebChat.createDirectLine({ token, domain })
      WebChat.renderWebChat({ directLine }, document.getElementById('chat'))
    </script>
  </body>
</html>
`,
  },
  react: {
    title: 'Web Chat (React ≤ 18)',
    install: 'npm install botframework-webchat@4.18 react@18 react-dom@18',
    note: `The package does not run with React 19. ${fromHere}`,
    text: target => `import { useEffect, useState } from 'react'
import ReactWebChat, { createDirectLine } from 'botframework-webchat'

export function Chat() {
  const [directLine, setDirectLine] = useState()

  useEffect(() => {
    connect().then(setDirectLine, console.error)
  }, [])

  return directLine === undefined ? null : <ReactWebChat directLine={directLine} />
}

async function connect() {
  ${fetchToken(target, '  ')}
  return createDirectLine({ token, domain })
}
`,
  },
  directlinejs: {
    title: 'DirectLineJS',
    install: 'npm install botframework-directlinejs',
    note: fromHere,
    text: target => `import { DirectLine } from 'botframework-directlinejs'

${fetchToken(target)}
const directLine = new DirectLine({ token, domain })

directLine.activity$.subscribe(activity => {
  console.log(activity.from.id, activity.type, activity.text)
})

directLine
  .postActivity({ type: 'message', from: { id: 'dl_ana' }, text: 'hi' })
  .subscribe(id => console.log('sent', id), console.error)
`,
  },
  curl: {
    title: 'curl',
    note: 'Needs jq. The last line can be repeated, with ?watermark= to read only what is new.',
    text: target => `DOMAIN=${target.domain}
${
  target.hasDevToken
    ? `TOKEN=$(curl -s -X POST ${target.origin}/dev/token | jq -r .token)`
    : `# LANDLINE_SECRET: a secret of the site "${target.site}", out of the environment.
TOKEN=$(curl -s -X POST $DOMAIN/tokens/generate -H "Authorization: Bearer $LANDLINE_SECRET" | jq -r .token)`
}

ID=$(curl -s -X POST $DOMAIN/conversations -H "Authorization: Bearer $TOKEN" | jq -r .conversationId)

curl -s -X POST $DOMAIN/conversations/$ID/activities \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"type": "message", "from": {"id": "dl_ana"}, "text": "hi"}'

curl -s $DOMAIN/conversations/$ID/activities -H "Authorization: Bearer $TOKEN" | jq .activities
`,
  },
  python: {
    title: 'Python',
    note: 'Python 3.9 and later, nothing to install.',
    text: target => `import json${target.hasDevToken ? '' : ', os'}
from urllib.request import Request, urlopen

DOMAIN = "${target.domain}"


def call(method, url, bearer=None, body=None):
    headers = {"Content-Type": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(url, data, headers, method=method)) as answer:
        return json.load(answer)


${
  target.hasDevToken
    ? `token = call("POST", "${target.origin}/dev/token")["token"]`
    : `# LANDLINE_SECRET: a secret of the site "${target.site}".
token = call("POST", f"{DOMAIN}/tokens/generate", os.environ["LANDLINE_SECRET"])["token"]`
}
conversation = call("POST", f"{DOMAIN}/conversations", token)["conversationId"]
activities = f"{DOMAIN}/conversations/{conversation}/activities"

call("POST", activities, token, {"type": "message", "from": {"id": "dl_ana"}, "text": "hi"})

for activity in call("GET", activities, token)["activities"]:
    print(activity["from"]["id"], activity["type"], activity.get("text", ""))
`,
  },
  dotnet: {
    title: '.NET',
    note: 'Program.cs of a console application (dotnet new console), .NET 8 and later.',
    text: target => `using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

var domain = "${target.domain}";
using var http = new HttpClient();

${
  target.hasDevToken
    ? `var issued = await (await http.PostAsync("${target.origin}/dev/token", null)).Content.ReadFromJsonAsync<JsonElement>();`
    : `// LANDLINE_SECRET: a secret of the site "${target.site}".
var secret = Environment.GetEnvironmentVariable("LANDLINE_SECRET");
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
var issued = await (await http.PostAsync($"{domain}/tokens/generate", null)).Content.ReadFromJsonAsync<JsonElement>();`
}
var token = issued.GetProperty("token").GetString();
http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

var started = await (await http.PostAsync($"{domain}/conversations", null)).Content.ReadFromJsonAsync<JsonElement>();
var activities = $"{domain}/conversations/{started.GetProperty("conversationId")}/activities";

await http.PostAsJsonAsync(activities, new { type = "message", from = new { id = "dl_ana" }, text = "hi" });

var log = await http.GetFromJsonAsync<JsonElement>(activities);
foreach (var activity in log.GetProperty("activities").EnumerateArray())
    Console.WriteLine(activity);
`,
  },
}

/** The names of all programs. */
export const clients = Object.keys(snippets) as readonly Client[]
