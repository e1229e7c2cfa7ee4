/**
 * How many ways a matcher that tries one after the other may have to try, for a text of n characters: at most
 * `factor` times n to the power of `degree`. Infinite where it can double with each character.
 */
export interface Cost {
  readonly factor: number;
  readonly degree: number;
}

const ONE: Cost = { factor: 1, degree: 0 };
const ENDLESS: Cost = { factor: 1, degree: Infinity };

const ATOM =
  /\\(?:u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[pP]\{[^}]*\}|k<[^>]*>|[1-9][0-9]*|[^])|\[(?:\\[^]|[^\]\\])*\]|[^]/uy;
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y;
const GROUP = /\((?:\?(?::|=|!|<=|<!|<[^>]*>))?/y;

/** The cost of searching with an expression of JavaScript. */
export function searchCost(source: string): Cost {
  let at = 0;

  function take(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = at;
    const match = sticky.exec(source);
    if (match === null) return undefined;
    at += match[0].length;
    return match;
  }

  function alternatives(): Cost {
    let cost = sequence();
    while (source[at] === '|') {
      at++;
      cost = sum(cost, sequence());
    }
    return cost;
  }

  function sequence(): Cost {
    let cost = ONE;
    while (at < source.length && source[at] !== '|' && source[at] !== ')') cost = product(cost, quantified());
    return cost;
  }

  function quantified(): Cost {
    const item = take(GROUP) === undefined ? single() : group();
    const quantifier = take(QUANTIFIER);
    if (quantifier === undefined) return item;
    const [, sign, low = '0', comma, high = ''] = quantifier;
    if (sign === '?') return sum(ONE, item);
    if (sign === undefined && (comma === '' || low === high)) {
      return { factor: item.factor ** Number(low), degree: item.degree === 0 ? 0 : item.degree * Number(low) };
    }
    // Ways inside of what is repeated: any of them each time round.
    return item.degree === 0 && item.factor === 1 ? { factor: 1, degree: 1 } : ENDLESS;
  }

  function group(): Cost {
    const inside = alternatives();
    at++;
    return inside;
  }

  function single(): Cost {
    take(ATOM);
    return ONE;
  }

  const { factor, degree } = alternatives();
  return { factor, degree: degree + 1 };
}

function sum(a: Cost, b: Cost): Cost {
  return { factor: a.factor + b.factor, degree: Math.max(a.degree, b.degree) };
}

function product(a: Cost, b: Cost): Cost {
  return { factor: a.factor * b.factor, degree: a.degree + b.degree };
}
