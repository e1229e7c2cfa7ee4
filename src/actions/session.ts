import type { Settings } from '../cli/settings.ts';
import type { Repository } from '../repository/repository.ts';

/** The repository with everything the command line says. */
export interface Session extends Repository {
  readonly settings: Settings;
}
