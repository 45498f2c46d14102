// What `plugins/guides.ts` makes of `docs/guide`.
declare module "virtual:guides" {
  export const guides: import("./document").Guide[];
  export const loaders: Record<string, () => Promise<{ default: import("./document").Block[] }>>;
}
