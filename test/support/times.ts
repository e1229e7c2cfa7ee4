/** Of the first set of every fixture and of the live chains; one set per day follows. */
const FIRST_SET = 1_700_000_000;

/** Epoch seconds of backup set `k`. */
export function timeOfSet(k: number): number {
  return FIRST_SET + 86_400 * k;
}

/** `Tue Nov 14 22:13:20 2023`, in UTC: the form that lists and the status use. */
export function asctime(seconds: number): string {
  const [weekday, day, month, year, clock] = new Date(seconds * 1000).toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day?.replace(/^0/, ' ')} ${clock} ${year}`;
}
