/** The promise, unless the signal fires first; then the signal's reason is thrown. The promise itself goes on unseen. */
export function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
	if (signal.aborted) {
		promise.catch(() => {})
		return Promise.reject(signal.reason)
	}
	return new Promise<T>((resolve, reject) => {
		const stop = (): void => reject(signal.reason)
		signal.addEventListener('abort', stop, { once: true })
		promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
	})
}

/** A controller that also aborts when `parent` does. `release` detaches it from the parent; call it when the work is over. */
export function childController(parent: AbortSignal): { controller: AbortController; release: () => void } {
	const controller = new AbortController()
	const follow = (): void => controller.abort(parent.reason)
	if (parent.aborted) follow()
	else parent.addEventListener('abort', follow, { once: true })
	return { controller, release: () => parent.removeEventListener('abort', follow) }
}
