/** `npm start`: listens on PORT, until it is told to stop. */

import { createApp } from './app.js';
import { open } from './database.js';

const { WEBHOOK_SECRET, PORT = '3000', DATABASE = 'reminders.db' } = process.env;
if (!WEBHOOK_SECRET) {
  console.error('Set WEBHOOK_SECRET to what the events are signed with.');
  process.exit(1);
}

const db = open(DATABASE);
const server = createApp(WEBHOOK_SECRET, db).listen(Number(PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${PORT}/webhooks`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  // What is under way is answered first: else it would be delivered again.
  process.once(signal, () => server.close(() => db.close()));
}
