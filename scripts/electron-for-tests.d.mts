export function electronForTests(): Promise<string>;
