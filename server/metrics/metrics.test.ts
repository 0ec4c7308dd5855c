import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeClock } from '../../test/support/fake-clock.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { QueueFigures } from '../queue/task-desk.ts';
import { Metrics } from './metrics.ts';

const metrics = suite('Metrics');

const figures: QueueFigures = {
  tasks: { pending: 3, leased: 2, waiting: 1, done: 70, no_speech: 7, dead: 4 },
  liveLeases: 2,
  oldestPendingAt: undefined,
};
const readiness = { objection: async () => undefined };

const lineOf = (text: string, start: string): string | undefined => text.split('\n').find((l) => l.startsWith(start));

metrics('counts what it is told, and has every outcome and code from the start', async () => {
  const counted = new Metrics();
  counted.leaseGranted();
  counted.leaseEnded('expired');
  counted.deliveryRefused('lease_lost');
  counted.transcriptStored({
    state: 'done',
    transcriptBytes: 120,
    audioSeconds: 60,
    workSeconds: 6,
    isSuspect: true,
    turnaroundSeconds: 30,
  });
  counted.transcriptStored({ state: 'no_speech', transcriptBytes: 8, turnaroundSeconds: -1 });
  counted.recordingBytesSent(20_000);
  counted.authenticationFailed();
  const { text, contentType } = await counted.render();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/u);
  for (const line of [
    'stt_leases_granted_total 1',
    'stt_leases_ended_total{outcome="expired"} 1',
    'stt_leases_ended_total{outcome="released"} 0',
    'stt_deliveries_refused_total{code="lease_lost"} 1',
    'stt_deliveries_refused_total{code="not_ready"} 0',
    'stt_transcripts_stored_total{state="done"} 1',
    'stt_transcripts_stored_total{state="no_speech"} 1',
    'stt_transcripts_suspect_total 1',
    'stt_transcript_bytes_total 128',
    'stt_recording_sent_bytes_total 20000',
    'stt_audio_transcribed_seconds_total 60',
    'stt_real_time_factor_sum 0.1',
    'stt_task_turnaround_seconds_sum 30',
    'stt_authentication_failures_total 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
  assert.match(text, /^stt_build_info\{version="\d+\.\d+\.\d+",node="\d+/mu);
  assert.match(text, /^process_cpu_seconds_total /mu);
});

metrics('lets no word of a client become a label', async () => {
  const counted = new Metrics();
  counted.requestAnswered({ route: '/task', method: 'GET', status: 200, seconds: 0.01 });
  counted.requestAnswered({ route: undefined, method: 'M-SEARCH', status: 404, seconds: 0.01 });
  const { text } = await counted.render();
  assert.ok(text.includes('stt_http_request_duration_seconds_count{route="/task",method="GET",status="200"} 1'));
  assert.ok(text.includes('stt_http_request_duration_seconds_count{route="none",method="other",status="404"} 1'));
  assert.not.match(text, 'SEARCH');
});

metrics('shows the queue, the disks and readiness as they are at the scrape', async () => {
  await using folder = await temporaryFolder();
  const clock = fakeClock();
  const counted = new Metrics(clock);
  const before = (await counted.render()).text;
  assert.is(lineOf(before, 'stt_live_leases '), undefined, 'nothing is shown that nobody looked up');
  const oldest = { ...figures, oldestPendingAt: clock.now() - 90_000 };
  counted.follow({
    desk: { figures: async () => oldest },
    readiness,
    libraryRoot: folder.path,
    databaseFolder: folder.path,
  });
  counted.scanned(0.5);
  const { text } = await counted.render();
  assert.is(lineOf(text, 'stt_tasks{state="done"}'), 'stt_tasks{state="done"} 70');
  assert.is(lineOf(text, 'stt_live_leases '), 'stt_live_leases 2');
  assert.is(lineOf(text, 'stt_oldest_pending_task_age_seconds '), 'stt_oldest_pending_task_age_seconds 90');
  assert.is(lineOf(text, 'stt_ready '), 'stt_ready 1');
  assert.is(
    lineOf(text, 'stt_last_successful_scan_timestamp_seconds '),
    `stt_last_successful_scan_timestamp_seconds ${clock.now() / 1000}`,
  );
  for (const disk of ['library', 'database']) {
    assert.ok(Number(lineOf(text, `stt_disk_free_bytes{of="${disk}"}`)?.split(' ')[1]) > 0, disk);
  }
});

metrics(
  'shows the rest where one source fails or hangs, within the limit, and does not ask a hung one again',
  async () => {
    await using folder = await temporaryFolder();
    const counted = new Metrics();
    let asked = 0;
    let answer: (figures: QueueFigures) => void = () => {};
    let isReadable = true;
    counted.follow({
      desk: {
        figures() {
          asked += 1;
          return asked === 2 ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(figures);
        },
      },
      readiness: { objection: () => (isReadable ? Promise.resolve('x') : Promise.reject(new Error('locked'))) },
      libraryRoot: folder.join('gone'),
      databaseFolder: folder.path,
    });
    const first = (await counted.render()).text;
    assert.is(lineOf(first, 'stt_tasks{state="dead"}'), 'stt_tasks{state="dead"} 4');
    assert.is(lineOf(first, 'stt_ready '), 'stt_ready 0');
    assert.is(lineOf(first, 'stt_disk_free_bytes{of="library"}'), undefined);
    assert.is(lineOf(first, 'stt_figures_known{source="library_disk"}'), 'stt_figures_known{source="library_disk"} 0');
    assert.is(
      lineOf(first, 'stt_figures_known{source="database_disk"}'),
      'stt_figures_known{source="database_disk"} 1',
    );

    isReadable = false;
    const startedAt = performance.now();
    const hung = await Promise.all([counted.render(), counted.render()]);
    assert.ok(performance.now() - startedAt < 3000, 'over within the limit');
    assert.is(asked, 2, 'asked once, though two scrapes came');
    for (const { text } of hung) {
      for (const gone of ['stt_tasks{', 'stt_live_leases ', 'stt_oldest_pending_task_age_seconds ', 'stt_ready ']) {
        assert.is(lineOf(text, gone), undefined, gone);
      }
      assert.is(lineOf(text, 'stt_figures_known{source="tasks"}'), 'stt_figures_known{source="tasks"} 0');
      assert.match(text, 'stt_leases_granted_total 0');
    }

    answer(figures);
    await Promise.resolve();
    const after = (await counted.render()).text;
    assert.is(lineOf(after, 'stt_live_leases '), 'stt_live_leases 2', 'and is there again');
  },
);

metrics('two servers in one process count for themselves', async () => {
  const one = new Metrics();
  one.leaseGranted();
  assert.match((await new Metrics().render()).text, 'stt_leases_granted_total 0');
});

metrics.run();
