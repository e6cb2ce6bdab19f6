import { createRoot } from 'react-dom/client'
import { Console } from './console.tsx'

/** Where the browser begins: a page of the console for the address that the browser shows. */
const place = document.getElementById('console')
if (place) createRoot(place).render(<Console origin={location.origin} memory={sessionStorage} settings={localStorage} />)
