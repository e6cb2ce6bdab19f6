import { useEffect, useState } from 'react'

/** The present time in milliseconds, new each second: for ages and deadlines. */
export function useNow(): number {
	const [now, setNow] = useState(() => Date.now())
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now()), 1000)
		return () => clearInterval(timer)
	}, [])
	return now
}
