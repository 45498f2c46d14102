// The creator of a token, in words.
import type { Token } from "../../api/types";

/** The actor that created a token. A token that the command line created belongs to the owner account. */
export function creatorOf({ created_by }: Pick<Token, "created_by">): string {
  return created_by === "local" ? "the command line on this machine" : created_by;
}
