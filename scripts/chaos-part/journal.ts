import { appendFileSync, readFileSync } from 'node:fs'

/** What a client saw acknowledged, at the moment at which it saw it. */
export type Fact =
	| { readonly kind: 'launch'; readonly run: string; readonly task: string; readonly load: string; readonly expected: unknown }
	| { readonly kind: 'ended'; readonly run: string; readonly status: string; readonly result: unknown }
	| { readonly kind: 'cancel'; readonly run: string }
	| { readonly kind: 'submit'; readonly step: string; readonly attempt: number; readonly text: string }
	| { readonly kind: 'artifact'; readonly step: string; readonly attempt: number; readonly name: string; readonly text: string }
	| { readonly kind: 'data'; readonly id: string; readonly step: string; readonly value: unknown }
	| { readonly kind: 'receipt'; readonly request: string; readonly step: string }
	| { readonly kind: 'join'; readonly sid: string }
	| { readonly kind: 'commit'; readonly id: string; readonly version: string }
	| { readonly kind: 'approve'; readonly approval: number; readonly run: string | null; readonly step: string | null }
	| { readonly kind: 'event'; readonly seq: number; readonly text: string }

/** A file that only grows: each fact is in it before the client goes on. */
export interface ClientJournal {
	note(fact: Fact): void
	read(): readonly Fact[]
}

export function openClientJournal(path: string): ClientJournal {
	return {
		note: (fact) => appendFileSync(path, `${JSON.stringify(fact)}\n`),
		read: () =>
			readFileSync(path, 'utf8')
				.split('\n')
				.filter((line) => line !== '')
				.map((line) => JSON.parse(line) as Fact),
	}
}
