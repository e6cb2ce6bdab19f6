import { createContext, useContext, useState } from 'react'

/** Where the browser keeps what a person set; null keeps nothing. */
export const SettingsContext = createContext<Storage | null>(null)

/** A text that is there again the next time the console is opened. */
export function useSetting(name: string, initial = ''): [value: string, set: (value: string) => void] {
	const storage = useContext(SettingsContext)
	const key = `mse-${name}`
	const [value, setValue] = useState(() => storage?.getItem(key) ?? initial)
	return [
		value,
		(next) => {
			storage?.setItem(key, next)
			setValue(next)
		},
	]
}
