import type { handleUnaryCall } from '@grpc/grpc-js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { streamDeleted } from './failures.ts';
import { nameOf, type ServiceContext } from './service-context.ts';
import { afterWriting, beforeWriting, gate } from './switches.ts';

/** `Tombstone` of a stream at whatever revision, one that was never begun included. */
export function tombstone({
  log,
  switches,
  dropConnections,
}: ServiceContext): handleUnaryCall<
  InstanceType<typeof streams.TombstoneReq>,
  InstanceType<typeof streams.TombstoneResp>
> {
  return (call, answer) => {
    void (async () => {
      const stopped = await gate(switches, call.metadata.get('requires-leader').length > 0);
      if (stopped === 'silence') return;
      if (stopped !== undefined) {
        answer(stopped);
        return;
      }
      const options = call.request.getOptions();
      if (!options?.hasAny()) throw new Error('the stand-in takes tombstones at any revision only');
      const stream = nameOf(options.getStreamIdentifier());
      if (log.isDeleted(stream)) {
        answer(streamDeleted(stream));
        return;
      }
      const refused = beforeWriting(switches);
      if (refused !== undefined) {
        answer(refused);
        return;
      }
      const { position } = log.tombstone(stream);
      const result = afterWriting(switches);
      if (result === 'silence') return;
      if (result === 'cut') {
        dropConnections();
        return;
      }
      if (result !== undefined) {
        answer(result);
        return;
      }
      const at = new streams.TombstoneResp.Position();
      at.setCommitPosition(String(position)).setPreparePosition(String(position));
      answer(null, new streams.TombstoneResp().setPosition(at));
    })();
  };
}
