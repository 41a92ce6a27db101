import { configure, render } from "@testing-library/react";
import { App } from "../../renderer/app/App.tsx";
import { startI18n } from "../../renderer/app/i18n/index.ts";
import { createQueryCache } from "../../renderer/app/query-cache.ts";
import { createFakeConsole, type FakeOptions, fakeConnection } from "./fake-client.ts";

// Generous, for busy machines: what is waited for comes in milliseconds otherwise.
configure({ asyncUtilTimeout: 60_000 });

/** What jsdom lacks and the components ask for. */
function completeJsdom() {
  window.matchMedia ??= ((query: string) => ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener() {},
    removeEventListener() {},
    addListener() {},
    removeListener() {},
    dispatchEvent: () => false,
  })) as typeof window.matchMedia;
  window.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  Element.prototype.scrollIntoView ??= () => {};
  Element.prototype.scrollTo ??= () => {};
  // Without a layout nothing has a size, and a virtual table would draw no row.
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 600 });
  Object.defineProperty(HTMLElement.prototype, "clientWidth", { configurable: true, get: () => 1200 });
}

/** The whole window on a console in memory, opened at `path`. */
export function renderApp(path: string, options: FakeOptions = {}) {
  completeJsdom();
  sessionStorage.clear();
  localStorage.clear();
  location.hash = path;
  startI18n(options.settings?.language === "fr" ? "fr" : "en");
  const fake = createFakeConsole({ settings: { language: "en" }, ...options });
  const connection = fakeConnection(fake.client);
  const view = render(<App connection={connection} cache={createQueryCache()} />);
  return { fake, connection, ...view };
}
