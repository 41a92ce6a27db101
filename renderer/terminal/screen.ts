import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import type { ByteLine, ClientStream } from "../../shared/byte-line.ts";
import { commandOn, type Danger, dangersIn, judgePaste, typedLine } from "../../shared/terminal/danger.ts";
import { TerminalEvent, type TerminalSession } from "../../shared/terminal/model.ts";
import { FONT, FONT_SIZES, SCROLL_BACK_LINES, themeOf } from "./look.ts";
import { Output } from "./output.ts";

/** A text that waits for the operator's yes before it goes to the host. */
export interface Question {
  readonly text: string;
  readonly pasted: boolean;
  readonly lines: number;
  readonly hidden: boolean;
  readonly dangers: readonly Danger[];
}

export type ScreenPhase = "open" | "reconnecting" | "ended" | "taken";

export interface ScreenState {
  readonly phase: ScreenPhase;
  readonly exit: Extract<TerminalEvent, { type: "exit" }> | null;
  readonly question: Question | null;
  /** The recording stopped; why. */
  readonly unrecorded: string | null;
  readonly title: string;
}

/** Words that the screen writes between the host's own, in the operator's language. */
export interface ScreenWords {
  lost(at: Date): string;
  back(lostAt: Date, at: Date): string;
  ended(exit: Extract<TerminalEvent, { type: "exit" }>): string;
  /** So many bytes of a flood were not drawn after an interrupt. */
  skipped(bytes: number): string;
  readonly taken: string;
  readonly label: string;
}

export interface ScreenOptions {
  readonly session: TerminalSession & { readonly streamId: number };
  readonly line: ByteLine;
  words(): ScreenWords;
  onResize(columns: number, rows: number): void;
  /** The keyboard wants out of the terminal. */
  onLeave(): void;
  onSearch(): void;
  openLink(url: string): void;
}

const encoder = new TextEncoder();
/** Ctrl-C. */
const INTERRUPT = "\u0003";

/** In reverse, so that nobody takes it for the host's. */
function ownLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ");
  return `\u001b[0m\r\n\u001b[7m ${plain} \u001b[0m\r\n`;
}

/**
 * One session on the screen. It lives as long as its tab, wherever the operator is in the window meanwhile, so that the
 * scroll-back stays; what it shows is drawn into `element`.
 */
export class Screen {
  readonly element = document.createElement("div");
  readonly session: ScreenOptions["session"];
  readonly #options: ScreenOptions;
  readonly #terminal: Terminal;
  readonly #fit = new FitAddon();
  readonly #search = new SearchAddon({ highlightLimit: 500 });
  readonly #stream: ClientStream;
  readonly #output: Output;
  readonly #listeners = new Set<() => void>();
  #state: ScreenState = { phase: "open", exit: null, question: null, unrecorded: null, title: "" };
  #opened = false;
  /** What was typed since the last Enter: the host may be slow to show it. */
  #typed = "";

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.session = options.session;
    this.element.style.height = "100%";
    const terminal = new Terminal({
      allowProposedApi: true,
      cursorBlink: false,
      fontFamily: FONT,
      fontSize: FONT_SIZES.usual,
      scrollback: SCROLL_BACK_LINES,
      minimumContrastRatio: 4.5,
      rightClickSelectsWord: true,
      macOptionIsMeta: true,
      linkHandler: { activate: (event, url) => this.#follow(event, url) },
    });
    this.#terminal = terminal;
    terminal.loadAddon(this.#fit);
    terminal.loadAddon(this.#search);
    terminal.loadAddon(new Unicode11Addon());
    terminal.loadAddon(new WebLinksAddon((event, url) => this.#follow(event, url)));
    terminal.unicode.activeVersion = "11";
    terminal.attachCustomKeyEventHandler((event) => this.#onKey(event));
    terminal.onData((text) => this.#send(text));
    terminal.onBinary((text) => this.#stream.write(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    terminal.onResize(({ cols, rows }) => options.onResize(cols, rows));
    terminal.onTitleChange((title) => this.#become({ title: title.slice(0, 100) }));

    // CAN ends an escape sequence that was cut off.
    this.#output = new Output(terminal, (skipped) => `\u0018${ownLine(options.words().skipped(skipped))}`);
    this.#stream = options.line.attach(this.session.streamId, {
      // The screen's own pace is the stream's: the console sends on when this was drawn.
      onData: (bytes, consumed) => this.#output.data(bytes, consumed),
      onEvent: (payload) => this.#onEvent(payload),
      onEnd: (why) => {
        if (why === "ended" || this.#state.phase === "ended") return;
        this.#say(options.words().taken);
        this.#become({ phase: "taken" });
      },
    });
  }

  get state(): ScreenState {
    return this.#state;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Puts the screen into the page, or back into it. */
  show(parent: HTMLElement): void {
    parent.append(this.element);
    if (!this.#opened) {
      this.#opened = true;
      this.#terminal.open(this.element);
      this.#terminal.textarea?.setAttribute("aria-label", this.#options.words().label);
      // Before the screen's own listener: a paste may have to be asked about first.
      this.element.addEventListener("paste", (event) => this.#onPaste(event), { capture: true });
    }
    this.fit();
  }

  hide(): void {
    this.element.remove();
  }

  fit(): void {
    if (this.element.isConnected && this.element.clientWidth > 0) this.#fit.fit();
  }

  focus(): void {
    this.#terminal.focus();
  }

  look(scheme: string, fontSize: number): void {
    this.#terminal.options.theme = themeOf(scheme);
    this.#terminal.options.fontSize = fontSize;
    this.fit();
  }

  /** True when there is such a text. */
  find(text: string, backwards: boolean): boolean {
    if (text === "") {
      this.#search.clearDecorations();
      return true;
    }
    return backwards ? this.#search.findPrevious(text) : this.#search.findNext(text);
  }

  async copy(): Promise<boolean> {
    const text = this.#terminal.getSelection();
    if (text) await navigator.clipboard.writeText(text);
    return text !== "";
  }

  paste(text: string): void {
    const verdict = judgePaste(text, this.session.kind === "production");
    if (verdict.ask) this.#become({ question: { ...verdict, text, pasted: true } });
    else this.#terminal.paste(text);
  }

  /** The operator's answer to the question that is shown. */
  answer(yes: boolean): void {
    const { question } = this.#state;
    this.#become({ question: null });
    if (question && yes) {
      if (question.pasted) this.#terminal.paste(question.text);
      else this.#send("\r");
    }
    this.focus();
  }

  dispose(): void {
    this.#stream.detach();
    this.#output.dispose();
    this.#terminal.dispose();
    this.element.remove();
  }

  /** Links are the host's words: a plain click, made to select text, opens none. */
  #follow(event: MouseEvent, url: string): void {
    if (event.ctrlKey || event.metaKey) this.#options.openLink(url);
  }

  #onKey(event: KeyboardEvent): boolean {
    if (event.type !== "keydown") return true;
    const { key, ctrlKey, shiftKey, altKey, metaKey } = event;
    const take = (act: () => void) => {
      event.preventDefault();
      act();
      return false;
    };
    if (ctrlKey && key === "F6") return take(this.#options.onLeave);
    if ((ctrlKey && shiftKey) || metaKey) {
      const letter = key.toLowerCase();
      if (letter === "c") return take(() => void this.copy());
      if (letter === "f") return take(this.#options.onSearch);
      // The browser pastes by itself, and that is caught before it arrives.
      if (letter === "v") return false;
    }
    if (shiftKey && key === "Insert") return false;
    // Whatever reaches the host as a line's end: Enter with any key held, Ctrl-J, Ctrl-M.
    const endsLine = key === "Enter" || (ctrlKey && !altKey && ["j", "m"].includes(key.toLowerCase()));
    if (endsLine && this.#asksBeforeEnter()) return take(() => undefined);
    return true;
  }

  #asksBeforeEnter(): boolean {
    if (this.session.kind !== "production") return false;
    // On the other screen a line shows a program's own picture (tmux, an editor): only what was typed says anything.
    const shown = this.#terminal.buffer.active.type === "normal" ? this.#lineAtCursor() : "";
    for (const text of [this.#typed, commandOn(shown), shown]) {
      const dangers = dangersIn(text);
      if (dangers.length === 0) continue;
      this.#become({ question: { text, pasted: false, lines: 1, hidden: false, dangers } });
      return true;
    }
    return false;
  }

  /** The whole line that is being typed, also where the screen has wrapped it. */
  #lineAtCursor(): string {
    const buffer = this.#terminal.buffer.active;
    let row = buffer.baseY + buffer.cursorY;
    let text = buffer.getLine(row)?.translateToString(true) ?? "";
    while (row > 0 && buffer.getLine(row)?.isWrapped) {
      row--;
      text = (buffer.getLine(row)?.translateToString(false) ?? "") + text;
    }
    return text;
  }

  #onPaste(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text) this.paste(text);
  }

  #send(text: string): void {
    if (this.#state.phase !== "open") return;
    this.#typed = typedLine(this.#typed, text);
    this.#stream.write(encoder.encode(text));
    // A program on the other screen draws what it shows itself: nothing of it may be missing.
    if (text === INTERRUPT && this.#terminal.buffer.active.type === "normal") this.#output.interrupted();
  }

  #onEvent(payload: Uint8Array): void {
    const read = TerminalEvent.safeParse(JSON.parse(new TextDecoder().decode(payload)));
    if (!read.success) return;
    const event = read.data;
    const words = this.#options.words();
    if (event.type === "lost") {
      this.#become({ phase: "reconnecting" });
      this.#say(words.lost(event.at));
    } else if (event.type === "back") {
      this.#become({ phase: "open" });
      this.#say(words.back(event.lostAt, event.at));
    } else if (event.type === "unrecorded") {
      this.#become({ unrecorded: event.message });
    } else {
      this.#become({ phase: "ended", exit: event });
      this.#say(words.ended(event));
    }
  }

  /** A line of ours. Modes that a program left on are reset. */
  #say(text: string): void {
    this.#output.say(`\u001b[!p\u001b[?1049l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?2004l${ownLine(text)}`);
  }

  #become(change: Partial<ScreenState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
