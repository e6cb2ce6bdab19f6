/** Shorter values are no secrets, and would turn texts into riddles. */
const SHORTEST = 6

/** A function that blots the secrets out of a text, as they are and as they stand in a URL. */
export function redactor(secrets: readonly (string | null)[]): (text: string) => string {
	const known = secrets.flatMap((secret) => (secret !== null && secret.length >= SHORTEST ? [secret, encodeURIComponent(secret)] : []))
	const longestFirst = [...new Set(known)].sort((a, b) => b.length - a.length)
	return (text) => longestFirst.reduce((left, secret) => left.replaceAll(secret, '[secret]'), text)
}
