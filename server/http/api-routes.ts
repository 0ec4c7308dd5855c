/**
 * The calls below /api: for a person, or a script, who looks after the queue. From the request to a verb and back; which changes are
 * possible, the table of transitions says. Ids of leases are secrets of their workers and never leave the server here.
 */
import type { z } from 'zod';
import type { Clock } from '../../src/clock.ts';
import type { Logger } from '../../src/logger.ts';
import { packageVersion } from '../../src/package-folder.ts';
import type { QueueFigures, TaskDesk } from '../queue/task-desk.ts';
import { isFinished } from '../queue/task-state.ts';
import { type Change, changeMany, changes, countChange, isEverything, noCondition } from '../tasks/change-many.ts';
import {
  changedAnswer,
  selectionMessage,
  selectionOf,
  statusAnswer,
  taskDetailsAnswer,
  taskPageAnswer,
  taskQuery,
  writeTask,
  writeTaskDetails,
} from './api-schemas.ts';
import { readMessage } from './json-body.ts';
import { sendJson, sendProblem, sendRefusal } from './replies.ts';
import type { Exchange, Route, RouteAnswer, RouteParameter } from './route.ts';

export type ApiOptions = {
  desk: TaskDesk;
  readiness: { objection: () => Promise<string | undefined> };
  bell: { ring: (tasks: number) => void };
  /** The scan remembers which recordings the store knows, and is told that it forgot some. */
  onPurged: () => void;
  clock: Clock;
  logger: Logger;
};

const json = (status: number, meaning: string, schema: z.ZodType): RouteAnswer => ({
  status,
  meaning,
  body: { contentType: 'application/json', schema },
});
const taskIdSchema = taskPageAnswer.shape.next.unwrap();
const idParameter: RouteParameter = { in: 'path', name: 'id', meaning: 'The id of the task.', schema: taskIdSchema };
const wrongRequest: RouteAnswer = { status: 400, meaning: 'A parameter or the body is not as it should be.' };
const noSuchTask: RouteAnswer = { status: 404, meaning: 'There is no such task.' };

const parameterMeanings: Record<keyof typeof taskQuery.shape, string> = {
  state: 'Only tasks in these states, with commas between.',
  path: 'Only tasks whose path contains this.',
  after: 'Only tasks after this id: `next` of the page before.',
  limit: 'So many tasks at most.',
};
const queryParameters: readonly RouteParameter[] = Object.entries(taskQuery.shape).map(([name, schema]) => ({
  in: 'query',
  name,
  meaning: parameterMeanings[name as keyof typeof taskQuery.shape],
  schema,
}));

const changeMeaning: Record<Change, string> = {
  retry: 'Offer dead and waiting tasks again, with no attempt counted',
  cancel: 'Take unfinished tasks out of the queue',
  purge: 'Forget finished and dead tasks',
};

export function apiRoutes(options: ApiOptions): Route[] {
  return [
    statusRoute(options),
    listRoute(options),
    showRoute(options),
    ...changes.map((change) => changeRoute(options, change)),
    changeOneRoute(options, 'retry'),
    changeOneRoute(options, 'cancel'),
  ];
}

function statusRoute({ desk, readiness }: ApiOptions): Route {
  return {
    method: 'GET',
    path: '/api/status',
    role: 'admin',
    takesHead: true,
    operationId: 'getStatus',
    summary: 'How the queue stands',
    answers: [json(200, 'The figures now.', statusAnswer)],
    async handle(exchange) {
      const [figures, objection] = await Promise.all([desk.figures(), readiness.objection()]);
      sendJson(exchange, 200, writeStatus(figures, objection));
    },
  };
}

function listRoute({ desk }: ApiOptions): Route {
  return {
    method: 'GET',
    path: '/api/tasks',
    role: 'admin',
    takesHead: true,
    operationId: 'listTasks',
    summary: 'Tasks, page by page',
    parameters: queryParameters,
    answers: [json(200, 'A page; `next` is null on the last one.', taskPageAnswer), wrongRequest],
    async handle(exchange) {
      const query = taskQuery.safeParse(Object.fromEntries(exchange.query));
      if (!query.success) return sendProblem(exchange, 'bad_request', `The query is wrong: ${said(query.error)}.`);
      const { state, path, after, limit } = query.data;
      // One more than asked for: is there a next page?
      const found = await desk.list({ states: state, pathPart: path }, { after, limit: limit + 1 });
      const tasks = found.slice(0, limit);
      const next = found.length > limit ? (tasks.at(-1)?.taskId ?? null) : null;
      return sendJson(exchange, 200, { tasks: tasks.map(writeTask), next });
    },
  };
}

function showRoute({ desk }: ApiOptions): Route {
  return {
    method: 'GET',
    path: '/api/tasks/:id',
    role: 'admin',
    takesHead: true,
    operationId: 'getTask',
    summary: 'One task, with its latest leases',
    parameters: [idParameter],
    answers: [json(200, 'The task.', taskDetailsAnswer), noSuchTask],
    async handle(exchange) {
      const taskId = readTaskId(exchange);
      const task = taskId === undefined ? undefined : await desk.show(taskId);
      if (task === undefined) return sendUnknown(exchange);
      return sendJson(exchange, 200, writeTaskDetails(task));
    },
  };
}

function changeRoute({ desk, bell, onPurged, clock, logger }: ApiOptions, change: Change): Route {
  return {
    method: 'POST',
    path: `/api/tasks/${change}`,
    role: 'admin',
    operationId: `${change}Tasks`,
    summary: changeMeaning[change],
    request: selectionMessage,
    answers: [json(200, 'How many tasks it were, or with `dry_run` would be.', changedAnswer), wrongRequest],
    async handle(exchange) {
      const body = await exchange.readBody();
      if (!Buffer.isBuffer(body)) return sendRefusal(exchange, body);
      const message = readMessage(body, selectionMessage);
      if (message.kind === 'refused') return sendRefusal(exchange, message);
      const isDryRun = message.value.dry_run === true;
      const selection = selectionOf(message.value, clock.now());
      if (isEverything(selection)) return sendProblem(exchange, 'bad_request', noCondition);
      const count = isDryRun
        ? await countChange(desk, change, selection)
        : await changeMany(desk, change, { selection, now: clock.now() });
      if (!isDryRun)
        logger.info({ count, credential: exchange.peer.credential, ip: exchange.peer.ip }, `tasks: ${change}`);
      if (change === 'retry' && !isDryRun && count > 0) bell.ring(count);
      if (change === 'purge' && !isDryRun && count > 0) onPurged();
      return sendJson(exchange, 200, { count, dry_run: isDryRun });
    },
  };
}

/** Again and again is as good as once; only what is finished cannot be changed. */
function changeOneRoute({ desk, bell, clock, logger }: ApiOptions, change: 'retry' | 'cancel'): Route {
  return {
    method: 'POST',
    path: `/api/tasks/:id/${change}`,
    role: 'admin',
    operationId: `${change}Task`,
    summary: `${changeMeaning[change]}: this one`,
    parameters: [idParameter],
    answers: [
      json(200, 'The task as it is now.', taskDetailsAnswer),
      noSuchTask,
      { status: 409, meaning: 'The task is finished.' },
    ],
    async handle(exchange) {
      const taskId = readTaskId(exchange);
      if (taskId === undefined) return sendUnknown(exchange);
      const selection = { taskIds: [taskId] };
      const count = await changeMany(desk, change, { selection, now: clock.now() });
      const task = await desk.show(taskId);
      if (task === undefined) return sendUnknown(exchange);
      if (count > 0) {
        logger.info({ task: taskId, credential: exchange.peer.credential, ip: exchange.peer.ip }, `task: ${change}`);
        if (change === 'retry') bell.ring(count);
      } else if (isFinished(task.state)) {
        return sendProblem(
          exchange,
          'already_finished',
          'The task is finished; take its transcript away to have it anew.',
        );
      }
      return sendJson(exchange, 200, writeTaskDetails(task));
    },
  };
}

function readTaskId({ id }: Exchange): number | undefined {
  return /^[1-9]\d{0,14}$/u.test(id) ? Number(id) : undefined;
}

function sendUnknown(exchange: Exchange): void {
  sendProblem(exchange, 'unknown_task', 'There is no task with this id.');
}

function said(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'query'}: ${issue.message}`).join('; ');
}

function writeStatus(figures: QueueFigures, objection: string | undefined): z.infer<typeof statusAnswer> {
  const { tasks, liveLeases, oldestPendingAt } = figures;
  return {
    version: packageVersion(),
    ready: objection === undefined,
    not_ready_because: objection ?? null,
    tasks,
    live_leases: liveLeases,
    oldest_pending_at: oldestPendingAt === undefined ? null : new Date(oldestPendingAt).toISOString(),
  };
}
