/**
 * The settings file that people start from: landline.sample.yaml is the same text.
 */

/** What `config init` writes. It is valid as it stands, and with any line taken in whose # has no space behind it. */
export const sample = `# Settings of Landline. What stands here wins over the defaults; variables and flags win over this file.
# Take the # away where a line is to count. \`landline config check\` says what is wrong, \`landline config show\` what
# is in effect and where it comes from. docs/reference/settings.md has every setting.

listen:
  host: 127.0.0.1
  port: 3977

# What clients and bots are told as our address: that of the TLS proxy in front.
#publicUrl: https://chat.example.org
#trustedProxies: [127.0.0.1]

# The folder of the store, or the database in it. Its other files lie beside it.
store:
  kind: sqlite
  path: landline.db

# 32 bytes in base64, as "openssl rand -base64 32" makes them. Without it, one is made and kept beside the store.
# A secret is text, {env: NAME} or {file: PATH}.
#masterKey: { env: LANDLINE_MASTER }

# The admin API and the console. Without a key, one is made at first start.
admin:
  enabled: on
  #key: { env: LANDLINE_ADMIN }
  #listen: 127.0.0.1:3976
  #hosts: [ops.example.org]

# What is kept of the calls of bots, for people who look in.
inspect:
  bodies: none
  maxBody: 16KiB
  turns: 10000
  hours: 24
  #redact: [x-api-key]

# How long things are kept after the last activity, and after the upload.
retention:
  conversations: 14d
  files: 24h

#tokenLifetime: 30m

# Whether other people's pages may load Web Chat from here.
webchat:
  public: on

#shutdown: { seconds: 30 }

# Callers are held to these rates; docs/reference/limits.md says what each limit is for.
#limits:
#  rates:
#    sendsPerToken: { perSecond: 20, burst: 60 }
#  socketsPerConversation: 16

# Bots that stand here can be changed only here. Others are added in the console, or by \`landline bot add\`.
bots:
  - id: orders
    name: Orders
    endpoint: http://localhost:3978/api/messages
    #appId: 11111111-2222-3333-4444-555555555555
    #appPassword: { env: ORDERS_PASSWORD }
    #authority: landline
    #timeoutMs: 15s
    sites:
      - id: website
        name: Website
        #secrets: [{ env: WEBSITE_SECRET }]
        #trustedOrigins: [https://www.example.org]
        #enhancedAuth: on
`
