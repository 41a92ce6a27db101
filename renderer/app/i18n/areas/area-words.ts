/** The same keys in another language. */
export type AreaWords<English> = Readonly<Record<keyof English, string>>;
