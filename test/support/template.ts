import { readTemplate, type Template } from '../../src/expression/template.ts'

/** @throws Error if the text is no template. */
export function template(text: string): Template {
  const reading = readTemplate(text)
  if (reading.problem !== undefined) throw new Error(reading.problem)
  return reading.value
}
