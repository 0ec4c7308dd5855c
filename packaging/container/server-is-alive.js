// Whether the server of this container answers, for the container's health check: exit code 0, or 1 and why. It asks for life, not for
// readiness: to start a server again does not mount its library. Address and TLS stand in the environment, as all settings here.
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import process, { env } from 'node:process';

const isAnywhere = ['', '0.0.0.0', '::'].includes(env.HOST ?? '');
const place = { host: isAnywhere ? '127.0.0.1' : env.HOST, port: env.PORT || 8000, path: '/livez' };

const fail = (reason) => {
  process.stderr.write(`${place.host} port ${place.port}: ${reason}\n`);
  process.exitCode = 1;
};

const get = env.STT_TLS_CERT ? getSecure : getPlain;
// The certificate is for the name by which others know it.
const asked = get({ ...place, agent: false, rejectUnauthorized: false, timeout: 4000 });
asked.on('timeout', () => asked.destroy(new Error('no answer within 4 s')));
asked.on('error', (error) => fail(error.message));
asked.on('response', (answer) => {
  answer.resume();
  if (answer.statusCode !== 200) fail(`answers ${answer.statusCode}`);
});
