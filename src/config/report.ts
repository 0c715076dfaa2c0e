/**
 * Prints problems as a person likes to read them: the sentence, the place, the line with a mark.
 * Invariant: what is printed holds no control character of the file, so a file cannot drive a
 * terminal, and no token or password of it; colours come only if they are asked for.
 */
import type { Place, Problem } from './problem.ts'

export interface ReportOptions {
  readonly colours: boolean
}

const maxProblems = 50 // a screen or two; after these the rest tells nothing new
const maxLineCharacters = 100 // of a line that is shown; a longer one is cut around the mark

const styles = { red: '31', yellow: '33', dim: '2', bold: '1' } as const

type Paint = (style: keyof typeof styles, text: string) => string

/** Several lines, the last one a count; ends with a line break. */
export function formatProblems(problems: readonly Problem[], { colours }: ReportOptions): string {
  const paint: Paint = (style, text) => (colours ? `\x1b[${styles[style]}m${text}\x1b[0m` : text)
  const shown = problems.slice(0, maxProblems).map((problem) => formatProblem(problem, paint))
  const files = [...new Set(problems.map((problem) => problem.file))].join(' and ')
  const noun = problems.length === 1 ? 'problem' : 'problems'
  const more = problems.length > maxProblems ? `, of which the first ${maxProblems} are shown` : ''
  return `${shown.join('\n')}\n${problems.length} ${noun} in ${plain(files)}${more}\n`
}

function formatProblem({ path, message, suggestion, place, file }: Problem, paint: Paint): string {
  const where = path === '' ? '' : `${paint('bold', plain(path))}: `
  const hint = suggestion === undefined ? '' : `; ${plain(suggestion)}`
  const sentence = `${paint('red', '✖')} ${where}${plain(message)}${hint}\n`
  if (place === undefined) return sentence
  const number = String(place.line)
  const { line, mark } = excerpt(place)
  return [
    sentence,
    `    ${paint('dim', `${plain(file)}:${place.line}:${place.column}`)}\n`,
    `    ${paint('dim', `${number} |`)} ${line}\n`,
    `    ${paint('dim', `${' '.repeat(number.length)} |`)} ${paint('yellow', mark)}\n`,
  ].join('')
}

/** Whoever reads a report need not know what somebody wrote where a secret belongs. */
function masked(text: string): string {
  const secrets = /(?<=\b(?:token|secret):\s*["']?)(?!["'$])[^\s"',}]+|(?<=:\/\/)[^\s/@"',]+(?=@)/g
  return text.replace(secrets, (secret) => '•'.repeat(secret.length))
}

/** The line and what stands under it; of a long line only the part around the fault. */
function excerpt({ text: written, column, length }: Place): { line: string; mark: string } {
  const text = masked(written)
  const isLong = text.length > maxLineCharacters
  const from = isLong ? Math.max(0, Math.min(column - 1 - 20, text.length - maxLineCharacters)) : 0
  const part = plain(text.slice(from, from + maxLineCharacters))
  const indent = column - 1 - from
  const marked = Math.max(1, Math.min(length, part.length - indent))
  return { line: part, mark: ' '.repeat(indent) + '^'.repeat(marked) }
}

/** One column a character: tabs and all that a terminal would obey become spaces. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
}
