/** The middle of a ratio's rounds, and how far they are apart. */
export interface Row {
  readonly kind: string;
  readonly middle: number;
  readonly lowest: number;
  readonly highest: number;
}

export function ratioPlot(plot: {
  readonly title: string;
  readonly kinds: readonly string[];
  readonly groups: readonly { readonly name: string; readonly rows: readonly Row[] }[];
}): string;

export interface Curve {
  /** The same for ours and the other's of one thing. */
  readonly colour: number;
  /** Drawn with dashes. */
  readonly isOther: boolean;
  readonly points: readonly (readonly [size: number, value: number])[];
}

export function growthPlot(plot: {
  readonly title: string;
  readonly names: readonly string[];
  readonly size: (value: number) => string;
  readonly about: string;
  readonly panels: readonly {
    readonly title: string;
    readonly unit: (value: number) => string;
    readonly fromZero?: boolean;
    readonly curves: readonly Curve[];
  }[];
}): string;
