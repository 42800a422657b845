/**
 * Which settings have been put since the store was opened. Nobody else can have it open, so this needs no table.
 */
import type { SettingChanges } from '../../domain/setting-port.ts'

/** Remembers the names. */
export class SettingsPut {
  readonly #versions = new Map<string, number>()
  #version = 0

  /** This one has been put. */
  put(name: string): void {
    this.#version += 1
    this.#versions.set(name, this.#version)
  }

  /** As `ConversationStore.settingsSince`. */
  since(version: number | undefined): SettingChanges {
    const changed = version === undefined ? [] : [...this.#versions].filter(([, put]) => put > version)
    return { version: this.#version, names: changed.map(([name]) => name) }
  }
}
