// The modules that `plugins/guides.ts` generates from `docs/guide`.
declare module "virtual:guides" {
  export const guides: import("./document").Guide[];
  export const loaders: Record<string, () => Promise<{ default: import("./document").Block[] }>>;
}
