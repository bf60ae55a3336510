import { SpatialError } from "../core/errors.ts";
import { checkAborted } from "../core/progress.ts";

/** What is known of a file behind an address. */
export interface Remote {
  readonly size: number;
  /** All bytes, where the server gives no parts. */
  readonly whole: Uint8Array | null;
}

/** Largest file that is held in memory. */
export const LARGEST = 2_000_000_000;
/** Milliseconds before a request that failed in passing (429, 5xx, connection lost) is made again. */
const PAUSES: readonly number[] = [200, 1000];

/** Asks for the first byte: the answer tells the size, and whether the server gives parts. */
export async function findRemote(
  url: string,
  subject: string,
  signal: AbortSignal | undefined,
): Promise<Remote> {
  const response = await request(url, subject, { headers: { range: "bytes=0-0" } }, signal);
  const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1] ?? NaN);
  if (response.status === 416) return { size: 0, whole: new Uint8Array(0) };
  if (response.status === 206) {
    await response.body?.cancel();
    if (Number.isSafeInteger(total)) return { size: total, whole: null };
    const head = await request(url, subject, { method: "HEAD" }, signal);
    const length = head.headers.get("content-length");
    if (length !== null) return { size: Number(length), whole: null };
    throw new SpatialError("unsupported", `The server of ${subject} does not say how large it is.`, {
      subject,
    });
  }
  const whole = await body(response, subject, null, signal);
  return { size: whole.length, whole };
}

/** The bytes [start, end) of a file. */
export async function fetchPart(
  url: string,
  subject: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const headers = { range: `bytes=${start}-${end - 1}` };
  const response = await request(url, subject, { headers }, signal);
  if (response.status === 206) return body(response, subject, end - start, signal);
  await response.body?.cancel();
  throw new SpatialError("format", `${subject} gave no part of itself, found status ${response.status}.`, {
    subject,
    hint: "The file was changed while it was read: read it again.",
  });
}

/** One request, made again where it fails in passing. */
async function request(
  url: string,
  subject: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    checkAborted(signal);
    const response = await fetch(url, { ...init, ...(signal && { signal }) }).catch((cause: unknown) => {
      checkAborted(signal);
      if (attempt < PAUSES.length) return null;
      throw new SpatialError("not-found", `${subject} cannot be reached: ${reason(cause)}.`, {
        subject,
        hint: "Check the address and the connection; in a browser, the server must allow other origins.",
        cause,
      });
    });
    if (response !== null && (response.ok || response.status === 416)) return response;
    const passing = response === null || response.status === 429 || response.status >= 500;
    await response?.body?.cancel();
    if (response !== null && (!passing || attempt >= PAUSES.length))
      throw new SpatialError(
        "not-found",
        `${subject} cannot be had: the server answers ${response.status}.`,
        {
          subject,
          hint:
            response.status === 401 || response.status === 403
              ? "It wants a login, or is private."
              : "Check the address.",
        },
      );
    await new Promise((done) => setTimeout(done, PAUSES[attempt]));
  }
}

function reason(cause: unknown): string {
  const inner = (cause as { cause?: { message?: string } }).cause?.message;
  return inner || (cause as Error).message;
}

/** The body of an answer: as long as it must be, and within memory. */
async function body(
  response: Response,
  subject: string,
  length: number | null,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const said =
    response.headers.get("content-encoding") === null ? response.headers.get("content-length") : null;
  const expected = length ?? (said === null ? null : Number(said));
  if (expected !== null && expected > LARGEST) throw tooLarge(subject, expected);
  const parts: Uint8Array[] = [];
  let found = 0;
  const cut = (cause?: unknown): SpatialError =>
    new SpatialError(
      "format",
      `${subject} ends after ${found}${expected === null ? "" : ` of ${expected}`} bytes.`,
      {
        subject,
        hint: "The connection was cut: read it again.",
        cause,
      },
    );
  try {
    const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
    for (let next = await reader?.read(); next !== undefined && !next.done; next = await reader?.read()) {
      parts.push(next.value);
      found += next.value.length;
      if (found > (expected ?? LARGEST)) {
        await reader?.cancel();
        throw expected === null ? tooLarge(subject, found) : cut();
      }
    }
  } catch (cause) {
    checkAborted(signal);
    throw cause instanceof SpatialError ? cause : cut(cause);
  }
  if (expected !== null && found !== expected) throw cut();
  const whole = new Uint8Array(found);
  parts.reduce((at, part) => {
    whole.set(part, at);
    return at + part.length;
  }, 0);
  return whole;
}

export function tooLarge(subject: string, size: number): SpatialError {
  return new SpatialError("memory", `${subject} has ${size} bytes, too many to be held in memory.`, {
    subject,
    hint: "Download it and give its path.",
  });
}
