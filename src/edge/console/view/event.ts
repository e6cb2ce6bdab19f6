const LONGEST = 160

/** Data of an event on one line, cut where it gets long. */
export function shortJson(data: object): string {
	const text = JSON.stringify(data).slice(1, -1)
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}
