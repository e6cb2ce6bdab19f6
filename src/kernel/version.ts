import manifest from '../../package.json'

/** The product's version, as package.json states it. */
export const VERSION: string = manifest.version

/** Versions of our own HTTP surface that this build answers. */
export const API_VERSIONS: readonly string[] = ['v1']
