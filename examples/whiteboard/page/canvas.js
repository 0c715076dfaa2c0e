// The sheet: draws strokes at any size and theme, and turns the pointer into strokes. Coordinates are
// shares of the sheet (0 to 1), so that every page shows the same picture.

const lineWidths = { 1: 2.5, 2: 6, 3: 14 } // thousandths of the sheet's width
const maxPoints = 128 // of one stroke message; a longer line is sent in pieces that share a point

/**
 * @typedef {{ id: string, colour: number, width: 1 | 2 | 3, points: number[] }} Stroke
 * @param {HTMLCanvasElement} canvas
 * @param {() => Iterable<Stroke>} allStrokes what is on the sheet, oldest first
 */
export function createSheet(canvas, allStrokes) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'))
  /** @type {string[]} */
  let inks = []
  let isRedrawPlanned = false

  /** @param {Stroke} stroke */
  function draw({ colour, width, points }) {
    const { width: w, height: h } = canvas
    context.strokeStyle = inks[colour] ?? ''
    context.lineWidth = (lineWidths[width] / 1000) * w
    context.lineCap = context.lineJoin = 'round'
    context.beginPath()
    context.moveTo(points[0] * w, points[1] * h)
    for (let i = 2; i < points.length; i += 2) context.lineTo(points[i] * w, points[i + 1] * h)
    context.stroke()
  }

  /** Draws everything anew, once before the next frame however often it is asked. */
  function redraw() {
    if (isRedrawPlanned) return
    isRedrawPlanned = true
    requestAnimationFrame(() => {
      isRedrawPlanned = false
      context.clearRect(0, 0, canvas.width, canvas.height)
      for (const stroke of allStrokes()) draw(stroke)
    })
  }

  function readInks() {
    const style = getComputedStyle(document.documentElement)
    inks = Array.from({ length: 8 }, (_, i) => style.getPropertyValue(`--ink-${i}`).trim())
    redraw()
  }

  function fit() {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio)
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio)
    redraw()
  }

  readInks()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', readInks)
  new ResizeObserver(fit).observe(canvas)
  return { draw, redraw }
}

/**
 * Reports what the pointer draws, a piece a frame, and where it is.
 * @param {HTMLCanvasElement} canvas
 * @param {{ drawn: (points: number[]) => void, moved: (at: [number, number] | null) => void }} handlers
 */
export function followPointer(canvas, { drawn, moved }) {
  /** @type {number | undefined} */
  let drawingPointer
  /** @type {number[]} */
  let points = []
  let frame = 0

  /** @param {PointerEvent} event @returns {[number, number]} */
  function place(event) {
    const box = canvas.getBoundingClientRect()
    return [
      toShare((event.clientX - box.left) / box.width),
      toShare((event.clientY - box.top) / box.height),
    ]
  }

  function flush() {
    cancelAnimationFrame(frame)
    while (points.length > 2) {
      drawn(points.slice(0, 2 * maxPoints))
      points = points.slice(Math.min(points.length, 2 * maxPoints) - 2) // the shared point
    }
    if (drawingPointer !== undefined) frame = requestAnimationFrame(flush)
  }

  canvas.addEventListener('pointerdown', (event) => {
    if (drawingPointer !== undefined || event.button !== 0) return
    drawingPointer = event.pointerId
    canvas.setPointerCapture(event.pointerId)
    points = [...place(event), ...place(event)] // a mere tap leaves a dot
    flush()
  })
  canvas.addEventListener('pointermove', (event) => {
    moved(place(event))
    if (event.pointerId !== drawingPointer) return
    const steps = event.getCoalescedEvents()
    for (const step of steps.length > 0 ? steps : [event]) points.push(...place(step))
  })
  /** @param {PointerEvent} event */
  function pointerLifted(event) {
    if (event.pointerId !== drawingPointer) return
    drawingPointer = undefined
    flush()
  }
  canvas.addEventListener('pointerup', pointerLifted)
  canvas.addEventListener('pointercancel', pointerLifted)
  canvas.addEventListener('pointerleave', () => moved(null))
}

/** @param {number} value */
function toShare(value) {
  return Math.round(Math.min(1, Math.max(0, value)) * 10_000) / 10_000
}
