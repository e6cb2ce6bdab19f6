import { type Tone, toneOf, wordText } from '../view/tone.ts'

/** How something stands: a coloured mark with the word beside it. */
export function Status({ word, tone = toneOf(word) }: { readonly word: string; readonly tone?: Tone }) {
	return (
		<span className="status" data-tone={tone}>
			{wordText(word)}
		</span>
	)
}
