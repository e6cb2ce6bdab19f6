/**
 * Bytes of a worker as text: invalid UTF-8 becomes replacement characters, blanks at the very end go, since flows
 * compare verdicts for equality. Nothing else is touched.
 */
export function toText(bytes: Uint8Array): string {
	return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).trimEnd()
}
