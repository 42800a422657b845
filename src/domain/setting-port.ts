/**
 * The port for short texts that the service keeps for itself: secrets, switches, what was revoked.
 */

/** Settings that have been put, and the version of all settings: it rises with each put, not always by 1. */
export type SettingChanges = { readonly version: number; readonly names: readonly string[] }

/** Keeps short texts by name. Durable when a promise resolves; several nodes may change one at the same time. */
export interface SettingStore {
  /** A short text kept with the store, such as a sealed secret; undefined if none was put. */
  setting(name: string): Promise<string | undefined>

  /** Keeps a short text with the store, whatever was there. */
  putSetting(name: string, value: string): Promise<void>

  /**
   * Keeps a short text if exactly `expected` is there now; undefined: if nothing was ever put. Of any number of calls
   * at once that expect the same, on all nodes together, exactly one is answered true; false has changed nothing. A
   * rejection leaves it open as ever: whoever tries again reads first.
   */
  putSettingIf(name: string, value: string, expected: string | undefined): Promise<boolean>

  /**
   * The names of settings put since a version of this open store, by any node, each once, and the version now. Whatever
   * is missing from an answer is in one for the version it gave: a put that commits late must not hide behind a higher
   * version. Without a version there are no names. Asked twice a second where nodes share the store: nearly always for
   * nothing. `probe` raises no version.
   */
  settingsSince(version: number | undefined): Promise<SettingChanges>
}
