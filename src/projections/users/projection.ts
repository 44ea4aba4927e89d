import type { UserEvent } from '../../domain/user/decider.ts';
import { streamProjection, type StreamRow } from '../folding/stream-row.ts';

/** One person who can log in; never what is known of the password. A type, so that it is a row of cells. */
export type UserRow = StreamRow & {
  readonly username: string;
  /** The name as it is compared: names that look the same are the same. */
  readonly username_key: string;
  readonly email: string;
  /** JSON: string[]. */
  readonly roles: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_login_at: string | null;
  readonly created_position: number;
};

export const users = streamProjection<UserRow, UserEvent>({
  name: 'users',
  schemaVersion: 2,
  model: {
    kind: 'relational',
    table: 'users',
    columns: {
      username: 'text',
      username_key: 'text',
      email: 'text',
      roles: 'json',
      created_at: 'text',
      updated_at: 'text',
      last_login_at: 'text',
      revision: 'integer',
      created_position: 'integer',
      position: 'integer',
    },
    indexes: [['username_key'], ['created_position']],
  },
  types: [
    'UserRegistered',
    'PasswordChanged',
    'UserRolesChanged',
    'UserLoggedIn',
    'UserIdentityLinked',
    'LoginFailed',
    'UserErasureBegan',
    'UserErased',
  ],
  begin(id, { type, data, revision, position, metadata }) {
    if (type !== 'UserRegistered') return undefined;
    return {
      id,
      username: data.username,
      username_key: usernameKey(data.username),
      email: data.email,
      roles: JSON.stringify(data.roles),
      created_at: metadata.occurredAt,
      updated_at: metadata.occurredAt,
      last_login_at: null,
      revision,
      created_position: position,
      position,
    };
  },
  change(_row, { type, data, metadata }) {
    switch (type) {
      case 'UserRolesChanged':
        return { roles: JSON.stringify(data.roles), updated_at: metadata.occurredAt };
      case 'PasswordChanged':
        return { updated_at: metadata.occurredAt };
      case 'UserLoggedIn':
        return { last_login_at: metadata.occurredAt };
      case 'UserErasureBegan':
        return { updated_at: metadata.occurredAt };
      case 'UserErased':
        return undefined;
      case 'LoginFailed':
      case 'UserIdentityLinked':
      case 'UserRegistered':
        return {};
    }
  },
});

/** How user names are compared. It is the same rule by which the command side reserves them. */
export function usernameKey(username: string): string {
  return username.normalize('NFKC').toLowerCase();
}
