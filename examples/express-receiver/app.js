/** The application: Qhronos delivers reminders to it, and it writes down each of them once. */

import express from 'express';
import { deliveries } from 'qhronos/express';
import { once } from './database.js';

export function createApp(secret, db) {
  const app = express();

  // Before express.json(): the signature is made over the exact bytes of the body.
  app.post(
    '/webhooks',
    deliveries(secret, (delivery) => {
      const { name, metadata } = delivery.json();
      const isNew = once(db, delivery.webhookId, () => {
        const row = [String(metadata.customer ?? 'unknown'), name];
        db.run('INSERT INTO reminders VALUES (?, ?)', row);
      });
      // 204 is answered to both: a repeat means that our answer was lost.
      console.log(isNew ? 'did' : 'had done', delivery.webhookId);
    }),
  );

  // The rest of the application may parse its bodies as it likes.
  app.use(express.json());

  app.get('/reminders', (_, response) => {
    response.json(db.all('SELECT customer, text FROM reminders ORDER BY rowid'));
  });

  // Qhronos tries again after a 500, by the retry policy of the event.
  app.use((error, _request, response, _next) => {
    console.error(error);
    response.status(500).json({ error: 'It failed: see the log.' });
  });

  return app;
}
