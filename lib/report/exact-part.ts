const SPLIT = 2 ** 27 + 1
const MOST_EXACT = 2 ** 53

/**
 * floor(total * part / whole), exact, for integers below 2^53 with 0 <= part <= whole and whole > 0. The product may be
 * as long as 106 bits; its remainder is kept in two floats (Dekker's product).
 */
export function exactPart(total: number, part: number, whole: number): number {
  const product = total * part
  if (product < MOST_EXACT) return Math.floor(product / whole)
  let quotient = Math.floor(product / whole)
  const productRest = restOfProduct(total, part, product)
  for (;;) {
    const back = quotient * whole
    const rest = product - back + (productRest - restOfProduct(quotient, whole, back))
    if (rest < 0) quotient--
    else if (rest >= whole) quotient++
    else return quotient
  }
}

/** a * b - product, exactly. */
function restOfProduct(a: number, b: number, product: number): number {
  const aUp = a * SPLIT
  const aHigh = aUp - (aUp - a)
  const aLow = a - aHigh
  const bUp = b * SPLIT
  const bHigh = bUp - (bUp - b)
  const bLow = b - bHigh
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow
}
