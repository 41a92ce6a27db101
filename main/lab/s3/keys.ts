/** S3 lists keys in the order of their UTF-8 bytes; UTF-16 differs from it only where surrogates meet U+E000 and up. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return utf8Rank(a) - utf8Rank(b);
  }
  return left.length - right.length;
}

function utf8Rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** The keys of a bucket in S3's order. */
export class SortedKeys {
  readonly #keys: string[] = [];
  #sorted = true;

  /** The key must not be there yet. */
  add(key: string): void {
    const last = this.#keys[this.#keys.length - 1];
    if (!this.#sorted || last === undefined || compareKeys(last, key) < 0) this.#keys.push(key);
    else this.#keys.splice(this.firstFrom(key), 0, key);
  }

  /** For loading: keys in any order, sorted once at first use. */
  addLater(key: string): void {
    this.#keys.push(key);
    this.#sorted = false;
  }

  remove(key: string): void {
    const index = this.firstFrom(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  get length(): number {
    return this.#keys.length;
  }

  at(index: number): string | undefined {
    this.#sort();
    return this.#keys[index];
  }

  /** Index of the first key at or after `key`. */
  firstFrom(key: string): number {
    return this.#firstWhere((candidate) => compareKeys(candidate, key) >= 0);
  }

  firstAfter(key: string): number {
    return this.#firstWhere((candidate) => compareKeys(candidate, key) > 0);
  }

  /** Index of the first key behind all that begin with `prefix`. */
  firstBehindPrefix(prefix: string): number {
    return this.#firstWhere((candidate) => compareKeys(candidate, prefix) > 0 && !candidate.startsWith(prefix));
  }

  #firstWhere(holds: (key: string) => boolean): number {
    this.#sort();
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#keys[middle] as string)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #sort(): void {
    if (!this.#sorted) this.#keys.sort(compareKeys);
    this.#sorted = true;
  }
}
