import { useSyncExternalStore } from 'react'
import { parseRoute, type Route } from './view/address.ts'

/** The place that the browser shows. */
export function useRoute(): Route {
	return parseRoute(useSyncExternalStore(onHash, () => location.hash))
}

/** Goes there; `replace` leaves no trace in the history. */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
	if (how === 'push') location.hash = href
	else location.replace(href)
}

function onHash(listener: () => void): () => void {
	window.addEventListener('hashchange', listener)
	return () => window.removeEventListener('hashchange', listener)
}
