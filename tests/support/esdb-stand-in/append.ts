import type { handleClientStreamingCall, handleBidiStreamingCall, ServiceError } from '@grpc/grpc-js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statusMessages from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import anyMessages from 'google-protobuf/google/protobuf/any_pb.js';
import emptyMessages from 'google-protobuf/google/protobuf/empty_pb.js';
import { streamDeleted, tooLarge, wrongExpectedVersion } from './failures.ts';
import type { Appended, Expected, Proposed } from './log.ts';
import { nameOf, type ServiceContext } from './service-context.ts';
import { afterWriting, beforeWriting, gate } from './switches.ts';

type Message = InstanceType<typeof streams.AppendReq.ProposedMessage | typeof streams.BatchAppendReq.ProposedMessage>;

/** `Append`: one stream of messages is one append; the first message says where it goes. */
export function append(
  context: ServiceContext,
): handleClientStreamingCall<InstanceType<typeof streams.AppendReq>, InstanceType<typeof streams.AppendResp>> {
  return (call, answer) => {
    let options: InstanceType<typeof streams.AppendReq.Options> | undefined;
    const proposed: Proposed[] = [];
    call.on('error', () => undefined);
    call.on('data', (request: InstanceType<typeof streams.AppendReq>) => {
      const message = request.getProposedMessage();
      if (message === undefined) options = request.getOptions();
      else proposed.push(proposedOf(message));
    });
    call.on('end', () => {
      void (async () => {
        if (options === undefined) throw new Error('an append without options');
        const stopped = await gate(context.switches, call.metadata.get('requires-leader').length > 0);
        if (stopped === 'silence') return;
        if (stopped !== undefined) {
          answer(stopped);
          return;
        }
        const stream = nameOf(options.getStreamIdentifier());
        const expected = expectedOf(options, options.getRevision());
        const result = write(context, stream, expected, proposed);
        if (result === 'silence') return;
        if (result === 'cut') {
          context.dropConnections();
          return;
        }
        if ('code' in result) {
          answer(result);
          return;
        }
        if (!result.written && context.switches.wrongVersionAsException) {
          answer(wrongExpectedVersion(stream, typeof expected === 'number' ? expected : -2, result.current));
          return;
        }
        answer(null, appendAnswer(result, expected));
      })();
    });
  };
}

/** `BatchAppend`: many appends on one call, each answered under its correlation id. */
export function batchAppend(
  context: ServiceContext,
): handleBidiStreamingCall<InstanceType<typeof streams.BatchAppendReq>, InstanceType<typeof streams.BatchAppendResp>> {
  return (call) => {
    const open = new Map<
      string,
      { options: InstanceType<typeof streams.BatchAppendReq.Options> | undefined; proposed: Proposed[] }
    >();
    call.on('error', () => undefined);
    call.on('end', () => call.end());
    call.on('data', (request: InstanceType<typeof streams.BatchAppendReq>) => {
      const id = request.getCorrelationId();
      const key = id?.getString() ?? '';
      const batch = open.get(key) ?? { options: request.getOptions(), proposed: [] };
      open.set(key, batch);
      batch.proposed.push(...request.getProposedMessagesList().map(proposedOf));
      if (!request.getIsFinal()) return;
      open.delete(key);
      void (async () => {
        const { options, proposed } = batch;
        if (options === undefined) throw new Error('a batch without options');
        const stopped = await gate(context.switches, call.metadata.get('requires-leader').length > 0);
        if (stopped === 'silence') return;
        if (stopped !== undefined) return void call.emit('error', stopped);
        const stream = nameOf(options.getStreamIdentifier());
        const expected = expectedOf(options, options.getStreamPosition());
        const result = write(context, stream, expected, proposed);
        if (result === 'silence') return;
        if (result === 'cut') {
          context.dropConnections();
          return;
        }
        if ('code' in result) return void call.emit('error', result);
        const response = batchAnswer(result, expected);
        response.setCorrelationId(id);
        response.setStreamIdentifier(options.getStreamIdentifier());
        call.write(response);
      })();
    });
  };
}

function write(
  { log, switches }: ServiceContext,
  stream: string,
  expected: Expected,
  proposed: readonly Proposed[],
): Appended | ServiceError | 'cut' | 'silence' {
  const size = proposed.reduce((bytes, { data, metadata }) => bytes + data.length + metadata.length, 0);
  if (size > switches.maxAppendSize) return tooLarge(switches.maxAppendSize);
  if (log.isDeleted(stream)) return streamDeleted(stream);
  const refused = beforeWriting(switches);
  if (refused !== undefined) return refused;
  const result = log.append(stream, expected, proposed);
  return (result.written ? afterWriting(switches) : undefined) ?? result;
}

function appendAnswer(result: Appended, expected: Expected): InstanceType<typeof streams.AppendResp> {
  const response = new streams.AppendResp();
  if (result.written) {
    const position = new streams.AppendResp.Position();
    position.setCommitPosition(String(result.last.position)).setPreparePosition(String(result.last.position));
    const success = new streams.AppendResp.Success();
    success.setCurrentRevision(String(result.last.revision)).setPosition(position);
    return response.setSuccess(success);
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (result.current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(result.current));
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty());
  else if (expected === 'exists') wrong.setExpectedStreamExists(new shared.Empty());
  else if (expected < 0) wrong.setExpectedNoStream(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  return response.setWrongExpectedVersion(wrong);
}

function batchAnswer(result: Appended, expected: Expected): InstanceType<typeof streams.BatchAppendResp> {
  const response = new streams.BatchAppendResp();
  if (result.written) {
    const position = new shared.AllStreamPosition();
    position.setCommitPosition(String(result.last.position)).setPreparePosition(String(result.last.position));
    const success = new streams.BatchAppendResp.Success();
    success.setCurrentRevision(String(result.last.revision)).setPosition(position);
    return response.setSuccess(success);
  }
  const wrong = new shared.WrongExpectedVersion();
  if (result.current < 0) wrong.setCurrentNoStream(new emptyMessages.Empty());
  else wrong.setCurrentStreamRevision(String(result.current));
  if (typeof expected === 'number' && expected >= 0) wrong.setExpectedStreamPosition(String(expected));
  else wrong.setExpectedNoStream(new emptyMessages.Empty());
  const details = new anyMessages.Any();
  details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion');
  const problem = new statusMessages.Status();
  problem.setMessage('WrongExpectedVersion').setDetails(details);
  return response.setError(problem);
}

function proposedOf(message: Message): Proposed {
  const metadata = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? 'application/octet-stream',
    data: Buffer.from(message.getData_asU8()),
    metadata: Buffer.from(message.getCustomMetadata_asU8()),
  };
}

/** What a writer believes of the stream, as both kinds of append say it. */
function expectedOf(
  options: { hasNoStream(): boolean; hasAny(): boolean; hasStreamExists(): boolean },
  revision: string | number,
): number | 'any' | 'exists' {
  if (options.hasNoStream()) return -1;
  if (options.hasAny()) return 'any';
  return options.hasStreamExists() ? 'exists' : Number(revision);
}
