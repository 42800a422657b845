/**
 * What a program connects to, from what the service says of itself.
 */
import type { AboutBody, SiteBody } from '../../../src/protocol/admin.ts'
import type { Target } from './snippets.ts'

/** @param isFirst whether the site is the first of all, which is the one that `/dev/token` is for */
export const targetOf = (about: AboutBody, site: SiteBody | undefined, isFirst: boolean): Target => ({
  origin: about.domain.replace(/\/v3\/directline\/?$/, ''),
  domain: about.domain,
  hasDevToken: isFirst && about.features.includes('devToken'),
  site: site?.name ?? 'default',
  webChat: about.webChat,
})
