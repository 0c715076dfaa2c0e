// How far it goes, from measured figures: `npm run scaling`. docs/scaling.md has what came of it.
import { runProgram } from '../program.ts'
import { measureFigures } from './measure.ts'

runProgram(measureFigures)
