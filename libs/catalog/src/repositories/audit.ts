/** The audit: entries are added, and never changed. */

import type { AuditEntry, ListAudit, Page } from '@zonelab/contracts';
import type { AuditEntry as AuditRow, PrismaClient } from '../generated/client.ts';
import { pageArguments, toPage } from '../page.ts';

export type NewAuditEntry = Omit<AuditEntry, 'id' | 'at'>;

export class AuditRepository {
  constructor(private readonly prisma: PrismaClient) {}

  async add(entry: NewAuditEntry): Promise<void> {
    await this.prisma.auditEntry.create({ data: entry });
  }

  /** Newest first. */
  async list({ keyId, ...page }: ListAudit): Promise<Page<AuditEntry>> {
    const { where, ...rest } = pageArguments(page, 'desc');
    const filters = { ...where, ...(keyId && { keyId }) };
    const rows = await this.prisma.auditEntry.findMany({ ...rest, where: filters });
    return toPage(rows, page.limit, toEntry);
  }
}

function toEntry({ at, ...row }: AuditRow): AuditEntry {
  return { ...row, at: at.toISOString() };
}
