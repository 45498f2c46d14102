// Makes a repeated POST harmless: when the answer to the first was lost on the way, the same key gets that answer again, and
// nothing is made twice.
import { useRef } from "react";

/** A random UUID. `crypto.randomUUID` is missing where a page is not served over https. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export interface OneAttempt {
  /** The header for a request with this body: the same for as long as the body is the same. */
  headers: (body: unknown) => { "Idempotency-Key": string };
  /** What is asked next is meant as something new: it was answered, or the dialog was closed. */
  begin: () => void;
}

/** One attempt at making something: it begins when a form opens and ends with its answer. */
export function newAttempt(): OneAttempt {
  let sent: { body: string; key: string } | null = null;
  return {
    headers: (body) => {
      const text = JSON.stringify(body);
      // A mended form is another request, and the server would refuse the key of the first for it.
      if (sent?.body !== text) {
        sent = { body: text, key: uuid() };
      }
      return { "Idempotency-Key": sent.key };
    },
    begin: () => {
      sent = null;
    },
  };
}

/** `newAttempt` for as long as a component is shown. */
export function useAttempt(): OneAttempt {
  const attempt = useRef<OneAttempt | null>(null);
  attempt.current ??= newAttempt();
  return attempt.current;
}
