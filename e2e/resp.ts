// A minimal Redis client: sends commands and reads the types of RESP2 replies that the tests need.
import { connect, type Socket } from "node:net";

export type Reply = string | number | null;

export class RedisPort {
  private buffer = Buffer.alloc(0);
  private waiting: ((reply: Reply) => void)[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on("data", (piece) => {
      this.buffer = Buffer.concat([this.buffer, piece]);
      for (let reply = this.next(); reply !== undefined; reply = this.next()) {
        this.waiting.shift()?.(reply);
      }
    });
  }

  static open(port: number): Promise<RedisPort> {
    return new Promise((opened, failed) => {
      const socket = connect(port, "127.0.0.1", () => opened(new RedisPort(socket)));
      socket.once("error", failed);
    });
  }

  send(...words: string[]): Promise<Reply> {
    const frame = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
    this.socket.write(`*${words.length}\r\n${frame}`);
    return new Promise((answered) => this.waiting.push(answered));
  }

  close(): void {
    this.socket.destroy();
  }

  /** The next complete reply in the buffer, or undefined if it is incomplete. */
  private next(): Reply | undefined {
    const end = this.buffer.indexOf("\r\n");
    if (end === -1) {
      return undefined;
    }
    const line = this.buffer.toString("utf8", 1, end);
    const kind = this.buffer.toString("latin1", 0, 1);
    let length = end + 2;
    let reply: Reply = line;
    if (kind === ":") {
      reply = Number(line);
    } else if (kind === "$") {
      const size = Number(line);
      if (size >= 0 && this.buffer.length < length + size + 2) {
        return undefined;
      }
      reply = size < 0 ? null : this.buffer.toString("utf8", length, length + size);
      length += size < 0 ? 0 : size + 2;
    }
    this.buffer = this.buffer.subarray(length);
    return reply;
  }
}
