/** A WebSocket whose other end is the test. */
export class FakeWebSocket {
  static readonly made: FakeWebSocket[] = [];
  readonly url: string;
  readonly protocol: string;
  readyState = 0;
  closedWith: number | undefined;
  readonly sent: { id: number; type: string; data: Record<string, unknown> }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
    FakeWebSocket.made.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code: number): void {
    this.readyState = 3;
    this.closedWith = code;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  raw(text: string): void {
    this.onmessage?.({ data: text });
  }

  lose(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  last(type: string) {
    const found = [...this.sent].reverse().find((frame) => frame.type === type);
    if (!found) throw new Error(`nothing of type ${type} was sent`);
    return found;
  }

  reply(type: string, data: object = {}): void {
    this.say({ re: this.last(type).id, data });
  }
}
