// The files of the page and what they are served as. server.ts imports this as a macro, which runs while the
// program is read or bundled: a compiled Sluice has the page inside.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const contentTypes = {
  'index.html': 'text/html; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'connection.js': 'text/javascript; charset=utf-8',
  'servers.js': 'text/javascript; charset=utf-8',
  'canvas.js': 'text/javascript; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
}

/** Path → the file it is for. */
export function readPage(): Record<string, { contentType: string; text: string }> {
  return Object.fromEntries(
    Object.entries(contentTypes).map(([file, contentType]) => {
      const text = readFileSync(join(import.meta.dir, 'page', file), 'utf8')
      return [file === 'index.html' ? '/' : `/${file}`, { contentType, text }]
    }),
  )
}
