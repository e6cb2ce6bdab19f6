/** Which agents have used their socket since they were last started. */
export interface FirstCalls {
	/** From now on it counts as not having called. */
	expect(name: string): void
	/** To be told of every request on the socket of an agent. */
	heard(name: string): void
	hasCalled(name: string): boolean
}

export function newFirstCalls(): FirstCalls {
	const waited = new Set<string>()
	return {
		expect: (name) => void waited.add(name),
		heard: (name) => void waited.delete(name),
		hasCalled: (name) => !waited.has(name),
	}
}
