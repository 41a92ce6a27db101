const MODULES: Readonly<Record<string, readonly string[]>> = {
  openbravo: ["org.openbravo.core", "org.openbravo.retail.posterminal", "org.openbravo.mobile.core"],
  acumatica: ["Acumatica.Core", "Acumatica.Distribution", "Acumatica.Retail"],
};

/** The modules of an application, which are released together. */
export function modulesOf(product: string, version: string): readonly { name: string; version: string }[] {
  return (MODULES[product] ?? []).map((name) => ({ name, version }));
}
