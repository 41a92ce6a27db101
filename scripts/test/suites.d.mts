export interface Suite {
  readonly name: string;
}
export function selectSuites(words: readonly string[]): Suite[];
