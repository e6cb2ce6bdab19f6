import { useSyncExternalStore } from 'react'
import { useConnection } from './connection.ts'

/** The present time in milliseconds, new each second: for ages and deadlines. */
export function useNow(): number {
	const { ticker } = useConnection()
	return useSyncExternalStore(ticker.onTick, ticker.now)
}
