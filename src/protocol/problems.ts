/**
 * What can be wrong with a bot: what each code means and what to do about it, for the console, the command line and
 * the reference. The codes are a promise and are never reused; the sentences may improve.
 */
import type { ProblemCode } from './admin-problems.ts'

/** One kind of trouble. Both are whole sentences. */
export type ProblemMeaning = {
  /** What was seen. */
  readonly means: string
  /** What to do about it. */
  readonly remedy: string
}

/** Everything that can be wrong with a bot, in the order a check comes upon it. */
export const problems: { readonly [Code in ProblemCode]: ProblemMeaning } = {
  BadUrl: {
    means: 'The endpoint is not an http or https URL with a path, or leads to an address where no bot may be.',
    remedy: 'Give the whole address of the messaging endpoint, which with most SDKs ends in /api/messages.',
  },
  NameUnknown: {
    means: "The name in the endpoint has no address, or this machine's name service does not answer.",
    remedy: 'Look for a misspelt name. In a container, use a name that its network knows.',
  },
  NobodyListens: {
    means: 'Every address of the bot refuses the connection: no program listens on that port.',
    remedy: 'Start the bot, or give the port on which it listens.',
  },
  OtherFamilyOnly: {
    means: 'The bot listens on only one of 127.0.0.1 and ::1, and the endpoint names the other.',
    remedy: 'Use the address that accepts.',
  },
  NoRoute: {
    means:
      'The bot can not be reached: the connection is neither accepted nor refused in time, or there is no way there.',
    remedy: 'Look at firewalls, networks of containers, and whether the machine is up.',
  },
  TlsUntrusted: {
    means: "Nobody this service trusts vouches for the bot's certificate.",
    remedy:
      'Have the authority that signed it trusted (NODE_EXTRA_CA_CERTS), or accept it with allowSelfSigned in development.',
  },
  TlsExpired: {
    means: "The bot's certificate has expired, or is not valid yet.",
    remedy: 'Renew the certificate, and look at the clocks of both machines.',
  },
  TlsName: {
    means: "The bot's certificate is for other names than the endpoint's.",
    remedy: 'Use a name that is in the certificate, or have one made for this name.',
  },
  WrongPath: {
    means: 'The bot answers 404 or 405: nothing takes activities at that path.',
    remedy: 'Give the path at which the bot takes activities, which with most SDKs is /api/messages.',
  },
  BotWantsCredentials: {
    means: 'The bot answers 401 or 403, and has no app id here: what it is sent is not signed.',
    remedy: "Set the bot's app id and password here, or start the bot without credentials.",
  },
  BotRejectsCredentials: {
    means: 'The bot answers 401 or 403 to what it is shown, or no token can be had for it.',
    remedy: "Compare app id, tenant and password with the bot's own settings, and the clocks of both machines.",
  },
  NotABot: {
    means: 'What answers is no bot: it sends a web page or a redirect, or does not speak HTTP.',
    remedy: 'Look whether another program has the port, and whether a proxy or a sign-in page stands before the bot.',
  },
  BotThrew: {
    means: 'The bot answers an error of its own, or breaks off without an answer.',
    remedy: "Read the bot's answer and its log: the fault is in its code or its settings.",
  },
  Gateway: {
    means: 'Something between here and the bot answers 502, 503 or 504 in its place.',
    remedy: 'Look whether the bot runs behind the proxy, tunnel or platform that answers.',
  },
  Slow: {
    means: 'The bot takes more than 5 seconds for its turn, and the user waits for it.',
    remedy: 'Let the bot answer the turn at once, send a typing activity, and say the rest through the connector.',
  },
  Timeout: {
    means: "The bot's turn takes longer than its timeout: the user is told that the message failed.",
    remedy: 'Let the bot answer the turn at once and say the rest through the connector, or raise its timeout.',
  },
  AnswersDoNotArrive: {
    means:
      'The bot has accepted three turns in a row and answered none: it may be calling an address that is not ours.',
    remedy: 'Give the bot a service URL that leads here from where it runs: from a container, WSL or another machine.',
  },
  AnswerRefused: {
    means: 'The bot called us to answer and was refused: its token is not good, or there is no such conversation.',
    remedy:
      "Compare the bot's credentials with those here, and let it answer to the serviceUrl of the activity it was sent.",
  },
}
